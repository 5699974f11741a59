{# Elementwise code over all neurons and trials of a group, or all synapses of a projection #}
{# ITERATE_ALL { _idx } #}
{# USES_VARIABLES { N } #}
{# ALLOWS_SCALAR_WRITE #}
{% extends 'common_group.cpp' %}

{% block extra_headers %}
#include "native/gate.hpp"
#include "native/parallel.hpp"
{% endblock %}

{% block maincode %}
static const neuroap::BesideGate _ap_gate{ {{_ap_ticks}} };
if (!_ap_gate.open()) return;
// scalar code
const size_t _vectorisation_idx = -1;
{{scalar_code|autoindent}}
const auto _ap_part = [&](size_t _ap_begin, size_t _ap_end) {
    {# Declared once more: a captured pointer would lose its promise to be the only one. #}
    {{pointers_lines|autoindent}}
    for (size_t _idx = _ap_begin; _idx < _ap_end; _idx++)
    {
        // vector code
        const size_t _vectorisation_idx = _idx;
        {{vector_code|autoindent}}
    }
};
{% if "_rand" in vector_code|string %}
_ap_part(0, {{constant_or_scalar('N', variables['N'])}});  // random numbers come in one order
{% else %}
neuroap::loop({{constant_or_scalar('N', variables['N'])}}, _ap_part);
{% endif %}
{% endblock %}
