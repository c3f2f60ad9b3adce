# syntax=docker/dockerfile:1

# bearerd as an image: Node and the bundled program, with what V8 made of it; no shell, no package manager.
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
COPY packaging ./packaging
COPY config ./config
COPY LICENSE ./
RUN npm run --silent build
# The tree that is laid over the base. In the base Node is at /nodejs/bin/node and there is no env, so the program says so itself.
RUN mkdir -p /out/app/build /out/app/config /out/etc/bearerd /out/usr/local/bin \
 && cp -a build/bundle /out/app/build/ \
 && cp -a package.json LICENSE /out/app/ \
 && cp config/sidecar.yaml /out/app/config/sidecar.yaml \
 && cp config/container.yaml /out/etc/bearerd/bearerd.yaml \
 && sed -i '1s|.*|#!/nodejs/bin/node|' /out/app/build/bundle/main.js \
 && chmod -R u=rwX,go=rX /out && chmod 755 /out/app/build/bundle/main.js \
 && ln -s /app/build/bundle/main.js /out/usr/local/bin/bearerd

# The root of a container is read-only, so a start cannot keep its compiled code for the next: the tour of the demo, run by
# the very Node of the base, makes it here (docs/decisions/0002-cold-start.md).
FROM gcr.io/distroless/nodejs24-debian12:nonroot AS warm
USER 0:0
COPY --from=build /out/ /
ENV XDG_CACHE_HOME=/compiled
RUN ["/usr/local/bin/bearerd", "demo", "--once"]

FROM gcr.io/distroless/nodejs24-debian12:nonroot
LABEL org.opencontainers.image.title="bearerd" \
      org.opencontainers.image.description="A local authenticating reverse proxy: plain requests in, bearer tokens on them, 401 codes explained." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.base.name="gcr.io/distroless/nodejs24-debian12:nonroot"
COPY --from=build /out/ /
COPY --from=warm --chmod=755 /compiled/bearerd /app/build/bundle/cache
ENV NODE_ENV=production BEARERD_CONFIG=/etc/bearerd/bearerd.yaml
WORKDIR /app
USER 65532:65532
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["/usr/local/bin/bearerd", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/bearerd"]
CMD ["run"]
