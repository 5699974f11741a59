{# Code that runs on the host and starts its own kernels: none of Brian2CUDA's is generated #}
{% extends 'common_group.cu' %}
{% block kernel %}{% endblock %}
{% block define_N %}{% endblock %}
{% block prepare_kernel %}{% endblock %}
{% block kernel_call %}{% endblock %}
