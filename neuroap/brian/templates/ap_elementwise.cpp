{# Elementwise code over all neurons and trials of a group, or all synapses of a projection #}
{# ITERATE_ALL { _idx } #}
{# USES_VARIABLES { N } #}
{# ALLOWS_SCALAR_WRITE #}
{% extends 'stateupdate.cpp' %}

{% block extra_headers %}
#include "native/gate.hpp"
{% endblock %}

{% block maincode %}
static const neuroap::Gate _ap_gate{ {{_ap_ticks}} };
if (!_ap_gate.open()) return;
{{ super() }}
{% endblock %}
