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
# Of the base, the interpreter, the part of its library that a step can come by, the shared libraries that any of it is linked to, and
# what says under which licenses they are: half of what a runner would have to download is left out, with the shell and every tool.
# The official slim images bring the standard library without bytecode. Compiling it halves the time the imports take.
RUN library="$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')" \
 && cd "$library" \
 && rm -rf config-* ensurepip idlelib lib2to3 pydoc_data site-packages/* test tkinter turtledemo __pycache__ */__pycache__ \
 && rm -f lib-dynload/_*test*.so lib-dynload/_curses*.so lib-dynload/_sqlite3*.so lib-dynload/_tkinter*.so lib-dynload/readline*.so \
      lib-dynload/xx*.so \
 && python -m compileall -q --invalidation-mode unchecked-hash . \
 && mkdir -p -m 1777 /image/tmp \
 && cd / \
 && find "$library" /opt/preview-db /usr/local/bin/python3.* -type f \( -name '*.so*' -o -perm -u+x \) -exec ldd {} + 2>/dev/null \
  | grep -oE '(^|[[:space:]])/[^ :]+' | grep -vE '^[[:space:]]*(/opt/|/usr/local/bin/)' | sort -u > /libraries \
 && xargs cp --parents --dereference --target-directory /image < /libraries \
 && for kept in "$library" /usr/local/bin/python* /etc/ld.so.cache /etc/group /etc/nsswitch.conf /etc/passwd /usr/share/zoneinfo \
      /usr/share/common-licenses /usr/share/doc/*/copyright; do \
      if [ -e "$kept" ]; then cp --archive --parents "$kept" /image; fi; \
    done

FROM scratch
LABEL org.opencontainers.image.title="preview-db" \
      org.opencontainers.image.description="A Prisma Postgres database for every pull request" \
      org.opencontainers.image.licenses="MIT"
COPY --from=builder /image /
COPY --from=builder /opt/preview-db /opt/preview-db
COPY LICENSE NOTICES.md /opt/preview-db/
# No USER: the runner's mounts belong to its own user, and GitHub wants a container action to run as root.
ENTRYPOINT ["/opt/preview-db/bin/preview-db-action"]
