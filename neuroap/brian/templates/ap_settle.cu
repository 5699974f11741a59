{# Goes to the last tick of a window, in which it closes, as soon as its areas have settled #}
{# USES_VARIABLES { count } #}
{% extends 'ap_host.cu' %}

{% block extra_headers %}
#include "native/cuda_settling.hpp"
#include "native/gate.hpp"
{% endblock %}

{% block host_maincode %}
static const neuroap::BesideGate _ap_gate{ {{_ap_settling.ticks | join(", ")}} };
if (!_ap_gate.open()) return;
const {{c_data_type(_ap_dtype)}} _ap_tolerance = {{_ap_settling.tolerance}};
neuroap::Stillness _ap_stillness;
{% for group in _ap_settling.groups %}
_ap_stillness.look({{get_array_name(group.variables["r"], prefix="dev")}}, {{get_array_name(group.variables["r_last"], prefix="dev")}}, {{group.batch.copies}}, {{group.batch.trials}},
                   {{get_array_name(variables["count"], access_data=False)}}[0], {{group.size}}, _ap_tolerance);
{% endfor %}
if (_ap_stillness.settled()) neuroap::position() = {{_ap_settling.window.stop - 1}};
{% endblock %}
