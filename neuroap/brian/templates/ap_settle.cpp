{# Goes to the last tick of a window, in which it closes, as soon as its areas have settled #}
{# USES_VARIABLES { count } #}
{% extends 'common_group.cpp' %}

{% block extra_headers %}
#include "native/gate.hpp"
#include "native/settling.hpp"
{% endblock %}

{% block maincode %}
static const neuroap::BesideGate _ap_gate{ {{_ap_settling.ticks | join(", ")}} };
if (!_ap_gate.open()) return;
const {{c_data_type(_ap_dtype)}} _ap_tolerance = {{_ap_settling.tolerance}};
{% for group in _ap_settling.groups %}
if (!neuroap::settled({{get_array_name(group.variables["r"], access_data=False)}}, {{get_array_name(group.variables["r_last"], access_data=False)}},
                      {{group.batch.copies}}, {{group.batch.trials}}, {{count}}, {{group.size}}, _ap_tolerance)) return;
{% endfor %}
neuroap::position() = {{_ap_settling.window.stop - 1}};
{% endblock %}
