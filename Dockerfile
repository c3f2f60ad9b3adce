# syntax=docker/dockerfile:1

# bearerd as an image: Node, the compiled program and its production dependencies; no shell, no package manager.
#
#   docker build -t bearerd .
#   docker run --rm --read-only --cap-drop all -p 127.0.0.1:8080:8080 \
#     -e BEARERD_UPSTREAM=https://acme.collibra.com -e BEARERD_PRESET=collibra \
#     -e BEARERD_TOKEN_ENDPOINT=https://idp.example.com/oauth2/token -e BEARERD_CLIENT_ID=my-app \
#     -e BEARERD_CLIENT_SECRET_FILE=/run/secrets/client-secret -v ./secret:/run/secrets/client-secret:ro bearerd
#
# Where it listens and under which names it serves is in config/container.yaml; variables win over it, and a file of
# yours can take its place (mount it at /etc/bearerd/bearerd.yaml, or name another one in BEARERD_CONFIG).

FROM node:24-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY src ./src
COPY config ./config
COPY LICENSE ./
# Compiled without what only editors and debuggers read. Of the dependencies the tests, pages and type definitions go
# too, which are a good third of their bytes; licences stay.
RUN npx tsc -p . --declaration false --sourceMap false \
 && npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
 && find node_modules -type f -regex '.*\.\([cm]?ts\|map\|md\|markdown\)' -not -iname '*licen[cs]e*' -delete \
 && for folder in test tests doc docs example examples benchmark benchmarks bench .github; do \
      rm -rf node_modules/*/"$folder" node_modules/@*/*/"$folder"; done \
 && rm -rf node_modules/.bin node_modules/.package-lock.json \
 && find node_modules -type d -empty -delete
# The tree that is laid over the base. In the base Node is at /nodejs/bin/node and there is no env, so the program says so itself.
RUN mkdir -p /out/app/config /out/etc/bearerd /out/usr/local/bin \
 && cp -a node_modules build package.json LICENSE /out/app/ \
 && cp config/sidecar.yaml /out/app/config/sidecar.yaml \
 && cp config/container.yaml /out/etc/bearerd/bearerd.yaml \
 && sed -i '1s|.*|#!/nodejs/bin/node|' /out/app/build/src/main.js \
 && chmod -R u=rwX,go=rX /out && chmod 755 /out/app/build/src/main.js \
 && ln -s /app/build/src/main.js /out/usr/local/bin/bearerd

FROM gcr.io/distroless/nodejs24-debian12:nonroot
LABEL org.opencontainers.image.title="bearerd" \
      org.opencontainers.image.description="A local authenticating reverse proxy: plain requests in, bearer tokens on them, 401 codes explained." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.base.name="gcr.io/distroless/nodejs24-debian12:nonroot"
COPY --from=build /out/ /
ENV NODE_ENV=production BEARERD_CONFIG=/etc/bearerd/bearerd.yaml
WORKDIR /app
USER 65532:65532
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["/usr/local/bin/bearerd", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/bearerd"]
CMD ["run"]
