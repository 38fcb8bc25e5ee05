# The action's image. All that can be done beforehand is done here: every run of a step starts a new container.
ARG BASE=python:3.13-slim

FROM ${BASE} AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
RUN python -m venv --without-pip /opt/preview-db
COPY requirements/ requirements/
RUN pip install --require-hashes -r requirements/build.txt \
 && pip --python /opt/preview-db/bin/python install --only-binary :all: --require-hashes -r requirements/action.txt
COPY . .
# cryptography, a quarter of it all, comes with PyGithub for those who sign in as a GitHub App with its key, which no step does.
# Console scripts run in isolated mode (-I): no module of the workspace is ever imported, whatever PYTHONPATH the job has.
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /dist . \
 && pip --python /opt/preview-db/bin/python install --no-deps --no-index /dist/*.whl \
 && rm /opt/preview-db/bin/preview-db-emulator \
 && pip --python /opt/preview-db/bin/python uninstall --quiet --yes cryptography \
 && sed -i '1s|/python$|/python -I|' /opt/preview-db/bin/preview-db-* \
 && find /opt/preview-db/lib \( -name '*.pyi' -o -name tests -type d \) -exec rm -rf {} +
RUN python -m compileall -q --invalidation-mode unchecked-hash /opt/preview-db/lib

FROM ${BASE}
LABEL org.opencontainers.image.title="preview-db" \
      org.opencontainers.image.description="A Prisma Postgres database for every pull request" \
      org.opencontainers.image.licenses="MIT"
# The official slim images bring the standard library without bytecode. Compiling it costs 10 MB and halves the time
# the imports take.
RUN python -m compileall -q --invalidation-mode unchecked-hash \
    -x '/(site-packages|ensurepip|idlelib|lib2to3|pydoc_data|test|tests|tkinter|turtledemo)/' \
    "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"
COPY --from=builder /opt/preview-db /opt/preview-db
COPY LICENSE NOTICES.md /opt/preview-db/
# No USER: the runner's mounts belong to its own user, and GitHub wants a container action to run as root.
ENTRYPOINT ["/opt/preview-db/bin/preview-db-action"]
