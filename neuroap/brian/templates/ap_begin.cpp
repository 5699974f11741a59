{# First in every tick: counts, shows stimuli, and between runs waits for commands #}
{# USES_VARIABLES { count, k } #}
{% extends 'common_group.cpp' %}

{% block extra_headers %}
#include "native/program.hpp"
{% endblock %}

{% block maincode %}
auto& _ap_program = neuroap::program<{{c_data_type(_ap_dtype)}}>();
if (_ap_program.arrays.empty()) {
    _ap_program.copies = {{_ap_batch.copies}};
    _ap_program.trials = {{_ap_batch.trials}};
    _ap_program.counters = { {% for name in ("count", "k", "count", "k") %}{{get_array_name(variables[name], access_data=False)}}{{", " if not loop.last}}{% endfor %} };
    _ap_program.reseed = [](unsigned long seed) { brian::_random_generators[0].seed(seed); };
    {% for array in _ap_arrays %}
    _ap_program.arrays.push_back({ {{get_array_name(array.variable, access_data=False)}}, {{array.bytes}}, {{array.offset}} });
    {% endfor %}
    {% for task in _ap_tasks %}
    _ap_program.tasks.emplace_back();
    {% for input in task.inputs %}
    _ap_program.tasks.back().inputs.push_back({ {{get_array_name(input.rates, access_data=False)}}, {{input.size}}, {{input.columns}}, { {{input.frames | join(", ")}} } });
    {% endfor %}
    _ap_program.tasks.back().target = {{get_array_name(task.target, access_data=False)}};
    _ap_program.tasks.back().output = {{get_array_name(task.output, access_data=False)}};
    _ap_program.tasks.back().nodes = {{task.nodes}};
    {% endfor %}
}
_ap_program.begin_tick();
{% endblock %}
