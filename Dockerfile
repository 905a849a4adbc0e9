# A shared memory server: stores on a volume, HTTP on port 8377, one token for each user.
#
#   docker compose up -d
#   docker compose exec eider eider token create --user ada
FROM python:3.12-slim AS build
WORKDIR /src
COPY . .
RUN python -m venv /opt/eider && /opt/eider/bin/pip install --no-cache-dir .

FROM python:3.12-slim
RUN useradd --create-home --shell /usr/sbin/nologin --uid 10001 eider \
    && install --directory --owner=eider --group=eider --mode=0700 /data
COPY --from=build /opt/eider /opt/eider
ENV PATH="/opt/eider/bin:${PATH}" EIDER_HOME=/data
USER 10001
WORKDIR /home/eider
VOLUME ["/data"]
EXPOSE 8377
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 CMD ["eider", "status"]
# --name: the host names that clients use. Tokens go over the line: put a proxy with TLS before it.
ENTRYPOINT ["eider", "serve", "--foreground", "--host", "0.0.0.0", "--port", "8377"]
CMD ["--name", "localhost"]
