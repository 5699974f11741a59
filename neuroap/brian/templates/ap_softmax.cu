{# The rates of an output, r = softmax(u) over the nodes of each trial, safe from overflow #}
{# USES_VARIABLES { I_inf, b, r, N } #}
{% extends 'ap_host.cu' %}

{% block extra_headers %}
#include "native/cuda_algebra.hpp"
#include "native/gate.hpp"
{% endblock %}

{% block host_maincode %}
static const neuroap::BesideGate _ap_gate{ {{_ap_ticks}} };
if (!_ap_gate.open()) return;
neuroap::softmax({{_ap_rows}}, {{constant_or_scalar("N", variables["N"])}} / {{_ap_rows}}, {{get_array_name(variables["I_inf"], prefix="dev")}}, {{get_array_name(variables["b"], prefix="dev")}}, {{get_array_name(variables["r"], prefix="dev")}});
{% endblock %}
