{# Mean over the trials shown of post, the same for every source: g[source, target] = mean(y[trials, target]) #}
{# USES_VARIABLES { ap_post, ap_correlation, ap_count } #}
{% extends 'common_group.cpp' %}

{% block extra_headers %}
#include "native/algebra.hpp"
#include "native/gate.hpp"
{% endblock %}

{% block maincode %}
static const neuroap::BesideGate _ap_gate{ {{_ap_ticks}} };
if (!_ap_gate.open()) return;
const neuroap::Columns _ap_to{ {{_ap_to.start}}, {{_ap_to.size}}, {{_ap_to.group.size}} };
neuroap::average({{_ap_copies}}, {{_ap_trials}}, {{ap_count}}, {{_ap_shape[0]}}, {{ap_post}}, _ap_to, {{ap_correlation}});
{% endblock %}
