{# Mean over the trials shown of pre * post: g[source, target] = x[trials, source].T @ y[trials, target] / n #}
{# USES_VARIABLES { ap_pre, ap_post, ap_correlation, ap_count } #}
{% extends 'common_group.cpp' %}

{% block extra_headers %}
#include "native/algebra.hpp"
#include "native/gate.hpp"
{% endblock %}

{% block maincode %}
static const neuroap::Gate _ap_gate{ {{_ap_ticks}} };
if (!_ap_gate.open()) return;
const neuroap::Columns _ap_from{ {{_ap_from.start}}, {{_ap_from.size}}, {{_ap_from.group.size}} };
const neuroap::Columns _ap_to{ {{_ap_to.start}}, {{_ap_to.size}}, {{_ap_to.group.size}} };
neuroap::correlate({{_ap_copies}}, {{_ap_trials}}, {{ap_count}}, {{ap_pre}}, _ap_from, {{ap_post}}, _ap_to, {{ap_correlation}});
{% endblock %}
