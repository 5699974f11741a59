{# Last in every tick: keeps outputs and, if asked, rates #}
{% extends 'ap_host.cu' %}

{% block extra_headers %}
#include "native/program.hpp"
{% endblock %}

{% block host_maincode %}
neuroap::program<{{c_data_type(_ap_dtype)}}>().end_tick();
{% endblock %}
