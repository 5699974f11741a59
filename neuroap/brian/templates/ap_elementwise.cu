{# Elementwise code over all neurons and trials of a group, or all synapses of a projection #}
{# ITERATE_ALL { _idx } #}
{# USES_VARIABLES { N } #}
{# ALLOWS_SCALAR_WRITE #}
{% extends 'common_group.cu' %}

{% block extra_headers %}
#include "native/gate.hpp"
{% endblock %}

{% block host_maincode %}
static const neuroap::BesideGate _ap_gate{ {{_ap_ticks}} };
if (!_ap_gate.open()) return;
{% endblock %}
