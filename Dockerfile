# The image that agents run in on Kubernetes. `python3 -m tools image` makes one like it of this machine's own
# Python, for tests. Releases pin each of the bases by digest: --build-arg PYTHON_IMAGE=python@sha256:...
ARG GO_IMAGE=golang:1.26-bookworm
ARG PYTHON_IMAGE=python:3.11-slim-bookworm
# Python of the same version, without a shell.
ARG BASE_IMAGE=gcr.io/distroless/python3-debian12:nonroot

FROM ${GO_IMAGE} AS install-program
WORKDIR /source
COPY tools/go/install-program ./
RUN CGO_ENABLED=0 GOTOOLCHAIN=local \
    go build -mod=readonly -trimpath -buildvcs=false -ldflags "-s -w" -o /install-program .

FROM ${PYTHON_IMAGE} AS packages
WORKDIR /source
COPY tools/requirements/uv.txt tools/requirements/hatchling.txt ./
RUN pip install --no-cache-dir --require-hashes --requirement uv.txt --requirement hatchling.txt
COPY LICENSE pyproject.toml uv.lock ./
COPY components components
RUN uv export --quiet --frozen --package etcd-ops --extra kubernetes --extra s3 --no-dev --no-emit-workspace \
        --output-file requirements.txt \
    && pip install --no-cache-dir --no-compile --no-deps --only-binary :all: --require-hashes \
        --target /packages --requirement requirements.txt \
    && pip install --no-cache-dir --no-compile --no-deps --no-index --no-build-isolation \
        --target /packages ./components
# Their commands are for the Python of this stage; of the services that botocore describes, agents use few.
RUN rm -r /packages/bin \
    && find /packages/botocore/data -mindepth 1 -maxdepth 1 -type d \
        ! -name s3 ! -name signin ! -name sso ! -name sso-oidc ! -name sts -exec rm -r {} + \
    && printf '%s\n' '#!/usr/bin/python3' 'import sys' '' 'from etcd_ops.cli import main' '' 'sys.exit(main())' \
        > /etcd-ops \
    && chmod 0755 /etcd-ops

FROM ${BASE_IMAGE}
COPY --from=install-program /install-program /usr/local/bin/install-program
COPY --from=packages /etcd-ops /usr/local/bin/etcd-ops
COPY --from=packages /packages /usr/local/lib/python3.11/dist-packages
ENV HOME=/tmp LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
# No container can write bytecode beside its modules, and probes start a Python every few seconds.
USER 0:0
RUN ["/usr/bin/python3", "-m", "compileall", "-q", "-x", "/lib2to3/", "--invalidation-mode", "unchecked-hash", \
     "/usr/lib/python3.11", "/usr/local/lib/python3.11/dist-packages"]
USER 65532:65532
RUN ["/usr/bin/python3", "-c", "import etcd_ops.cli, etcd_ops.agent.main, etcd_ops.channel.kubernetes, boto3"]
WORKDIR /
ENTRYPOINT ["/usr/local/bin/etcd-ops"]
