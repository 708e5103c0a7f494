#include "runtime/builtin_catalogue.hpp"

namespace trainyard::runtime {

// Versions newest first: the first one is "latest". {pin} is "2.21.*" for the version word 2.21 and
// "2.21.0" when a manifest asks for that release; {version} is the catalogue's version.
std::string_view builtin_catalogue() {
  return R"yaml(
frameworks:
  - name: python
    aliases: [custom-python]
    runtimes:
      - versions: [system]
        host: python3

  - name: tensorflow
    aliases: [tf, tensorflow-gpu, tensorflow-cpu]
    runtimes:
      - versions: ["2.21", "2.20", "2.19", "2.18", "2.17", "2.16"]
        environment:
          python: "3.10-3.13"
          cpu_packages: ["tensorflow-cpu=={pin}"]
          gpu_packages: ["tensorflow[and-cuda]=={pin}"]
        variables: {TF_CPP_MIN_LOG_LEVEL: "1"}
      - versions: ["2.15", "2.14", "2.13", "2.12"]
        environment:
          python: "3.9-3.11"
          cpu_packages: ["tensorflow-cpu=={pin}"]
          gpu_packages: ["tensorflow=={pin}"]
        variables: {TF_CPP_MIN_LOG_LEVEL: "1"}
      - versions: ["1.15", "1.12"]
        image: docker.io/tensorflow/tensorflow:{version}.0-py3

  - name: keras
    runtimes:
      - versions: ["3.15", "3.14", "3.13", "3.12", "3.11", "3.10"]
        environment:
          python: "3.11-3.13"
          packages: ["keras=={pin}"]
          cpu_packages: ["tensorflow-cpu>=2.20"]
          gpu_packages: ["tensorflow[and-cuda]>=2.20"]
        variables: {KERAS_BACKEND: tensorflow, TF_CPP_MIN_LOG_LEVEL: "1"}
      - versions: ["2.15", "2.14", "2.13"]
        environment:
          python: "3.9-3.11"
          packages: ["keras=={pin}"]
          cpu_packages: ["tensorflow-cpu=={pin}"]
          gpu_packages: ["tensorflow=={pin}"]
        variables: {TF_CPP_MIN_LOG_LEVEL: "1"}

  - name: pytorch
    runtimes:
      - versions: ["2.15", "2.14", "2.13", "2.12", "2.11", "2.10", "2.9", "2.8", "2.7", "2.6", "2.5"]
        environment:
          python: "3.10-3.13"
          packages: ["torch=={pin}", numpy]
      - versions: ["2.4", "2.3", "2.2", "2.1", "2.0"]
        environment:
          python: "3.8-3.11"
          packages: ["torch=={pin}", "numpy<2"]
      - versions: ["1.9"]
        image: docker.io/pytorch/pytorch:{version}.0-cuda10.2-cudnn7-runtime

  - name: jax
    runtimes:
      - versions: ["0.10", "0.9", "0.8", "0.7", "0.6"]
        environment:
          python: "3.11-3.14"
          cpu_packages: ["jax=={pin}", flax, optax]
          gpu_packages: ["jax[cuda12]=={pin}", flax, optax]

  - name: scikit-learn
    aliases: [sklearn]
    runtimes:
      - versions: ["1.9", "1.8"]
        environment:
          python: "3.11-3.14"
          packages: ["scikit-learn=={pin}", pandas]
      - versions: ["1.7", "1.6", "1.5", "1.3"]
        environment:
          python: "3.9-3.12"
          packages: ["scikit-learn=={pin}", "pandas<3"]

  - name: mxnet
    runtimes:
      - versions: ["1.9"]
        environment:
          python: "3.8-3.11"
          # the last release still uses numpy.bool, which numpy 1.24 removed
          packages: ["mxnet=={pin}", "numpy<1.24"]

  - name: torch
    aliases: [torch7, lua-torch]
    runtimes:
      - versions: [system]
        host: th
      - versions: [luajit, lua52]
        image: docker.io/kaixhin/torch:latest

  - name: caffe
    runtimes:
      - versions: [system]
        host: caffe
      - versions: ["1.0", cpu]
        image: docker.io/bvlc/caffe:cpu
      - versions: [gpu]
        image: docker.io/bvlc/caffe:gpu
)yaml";
}

}  // namespace trainyard::runtime
