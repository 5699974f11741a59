{# The rates of an output, r = softmax(u) over the nodes of each trial, safe from overflow #}
{# USES_VARIABLES { I_inf, b, r, N } #}
{% extends 'common_group.cpp' %}

{% block extra_headers %}
#include "native/gate.hpp"
{% endblock %}

{% block maincode %}
static const neuroap::BesideGate _ap_gate{ {{_ap_ticks}} };
if (!_ap_gate.open()) return;
const int _ap_nodes = N / {{_ap_rows}};
for (int _ap_row = 0; _ap_row < {{_ap_rows}}; ++_ap_row) {
    const auto* _ap_u = {{I_inf}} + _ap_row * _ap_nodes;
    const auto* _ap_b = {{b}} + _ap_row * _ap_nodes;
    auto* _ap_r = {{r}} + _ap_row * _ap_nodes;
    auto _ap_most = _ap_u[0] + _ap_b[0];
    for (int _ap_j = 0; _ap_j < _ap_nodes; ++_ap_j) {
        _ap_r[_ap_j] = _ap_u[_ap_j] + _ap_b[_ap_j];
        if (_ap_r[_ap_j] > _ap_most) _ap_most = _ap_r[_ap_j];
    }
    auto _ap_sum = _ap_most - _ap_most;
    for (int _ap_j = 0; _ap_j < _ap_nodes; ++_ap_j) _ap_sum += _ap_r[_ap_j] = exp(_ap_r[_ap_j] - _ap_most);
    for (int _ap_j = 0; _ap_j < _ap_nodes; ++_ap_j) _ap_r[_ap_j] /= _ap_sum;
}
{% endblock %}
