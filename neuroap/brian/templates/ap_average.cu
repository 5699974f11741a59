{# Mean over the trials shown of post, the same for every source: g[source, target] = mean(y[trials, target]) #}
{# USES_VARIABLES { ap_post, ap_correlation, ap_count } #}
{% extends 'ap_host.cu' %}

{% block extra_headers %}
#include "native/cuda_algebra.hpp"
#include "native/gate.hpp"
{% endblock %}

{% block host_maincode %}
static const neuroap::BesideGate _ap_gate{ {{_ap_ticks}} };
if (!_ap_gate.open()) return;
const neuroap::Columns _ap_to{ {{_ap_to.start}}, {{_ap_to.size}}, {{_ap_to.group.size}} };
// The count is that of the host, which the first object of the tick sets.
neuroap::average({{_ap_copies}}, {{_ap_trials}}, {{get_array_name(variables["ap_count"], access_data=False)}}[0], {{_ap_shape[0]}},
                 {{get_array_name(variables["ap_post"], prefix="dev")}}, _ap_to, {{get_array_name(variables["ap_correlation"], prefix="dev")}});
{% endblock %}
