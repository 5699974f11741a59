{# The drive of a pathway or a recurrence: y[trials, target] (+)= x[trials, source] @ w[source, target] #}
{# USES_VARIABLES { w, ap_source, ap_drive } #}
{% extends 'ap_host.cu' %}

{% block extra_headers %}
#include "native/cuda_algebra.hpp"
#include "native/gate.hpp"
{% endblock %}

{% block host_maincode %}
static const neuroap::Gate _ap_gate{ {{_ap_ticks}} };
if (!_ap_gate.open()) return;
const neuroap::Columns _ap_from{ {{_ap_from.start}}, {{_ap_from.size}}, {{_ap_from.group.size}} };
const neuroap::Columns _ap_to{ {{_ap_to.start}}, {{_ap_to.size}}, {{_ap_to.group.size}} };
neuroap::drive({{_ap_copies}}, {{_ap_trials}}, {{get_array_name(variables["ap_source"], prefix="dev")}}, _ap_from, {{get_array_name(variables["w"], prefix="dev")}},
               {{get_array_name(variables["ap_drive"], prefix="dev")}}, _ap_to, {{"true" if _ap_add else "false"}});
{% endblock %}
