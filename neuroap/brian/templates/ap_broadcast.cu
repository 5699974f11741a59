{# A bias: the same row for every trial, y[trials, target] = w[1, target] #}
{# USES_VARIABLES { w, ap_drive } #}
{% extends 'ap_host.cu' %}

{% block extra_headers %}
#include "native/cuda_algebra.hpp"
#include "native/gate.hpp"
{% endblock %}

{% block host_maincode %}
static const neuroap::BesideGate _ap_gate{ {{_ap_ticks}} };
if (!_ap_gate.open()) return;
const neuroap::Columns _ap_to{ {{_ap_to.start}}, {{_ap_to.size}}, {{_ap_to.group.size}} };
neuroap::broadcast({{_ap_copies}}, {{_ap_trials}}, {{get_array_name(variables["w"], prefix="dev")}}, {{get_array_name(variables["ap_drive"], prefix="dev")}}, _ap_to);
{% endblock %}
