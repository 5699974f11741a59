{# First in every tick: counts, shows stimuli, and between runs waits for commands #}
{# USES_VARIABLES { count, k } #}
{% extends 'ap_host.cu' %}

{% block extra_headers %}
#include "native/program.hpp"
#include "native/cuda_random.hpp"
{% endblock %}

{% block host_maincode %}
auto& _ap_program = neuroap::program<{{c_data_type(_ap_dtype)}}>();
if (_ap_program.arrays.empty()) {
    _ap_program.copies = {{_ap_batch.copies}};
    _ap_program.trials = {{_ap_batch.trials}};
    _ap_program.counters = {
        {{get_array_name(variables["count"], access_data=False)}}, {{get_array_name(variables["k"], access_data=False)}},
        {{get_array_name(variables["count"], prefix="dev")}}, {{get_array_name(variables["k"], prefix="dev")}} };
    _ap_program.reseed = neuroap::restart_random_numbers;
    {% for array in _ap_arrays %}
    _ap_program.arrays.push_back({ {{get_array_name(array.variable, prefix="dev")}}, {{array.bytes}}, {{array.offset}} });
    {% endfor %}
    {% for task in _ap_tasks %}
    _ap_program.tasks.emplace_back();
    {% for input in task.inputs %}
    _ap_program.tasks.back().inputs.push_back({ {{get_array_name(input.rates, prefix="dev")}}, {{input.size}}, {{input.columns}}, { {{input.frames | join(", ")}} } });
    {% endfor %}
    _ap_program.tasks.back().target = {{get_array_name(task.target, prefix="dev")}};
    _ap_program.tasks.back().output = {{get_array_name(task.output, prefix="dev")}};
    _ap_program.tasks.back().nodes = {{task.nodes}};
    {% endfor %}
}
_ap_program.begin_tick();
{% endblock %}
