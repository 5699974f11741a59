{# Last in every tick: keeps outputs and, if asked, rates #}
{% extends 'common_group.cpp' %}

{% block extra_headers %}
#include "native/program.hpp"
{% endblock %}

{% block maincode %}
neuroap::program<{{c_data_type(_ap_dtype)}}>().end_tick();
{% endblock %}
