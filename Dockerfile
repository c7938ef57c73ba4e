# syntax=docker/dockerfile:1

# The program alone, on nothing: certificates are compiled in, and there is no shell to break into.
FROM rust:1.95-alpine AS build
# ring has parts in C and assembly.
RUN apk add --no-cache build-base
WORKDIR /source
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/source/target \
    cargo build --release --locked -p orgward && cp target/release/orgward /orgward

# For CI systems that run scripts inside of the image: `docker build --target shell`.
FROM alpine:3.22 AS shell
COPY --from=build /orgward /usr/local/bin/orgward
USER 65534:65534
CMD ["orgward", "--help"]

FROM scratch
LABEL org.opencontainers.image.source="https://github.com/orgward/orgward" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /orgward /orgward
# Plans are mounted here: docker run --rm -v "$PWD:/plans:ro" ghcr.io/orgward/orgward plan review plan.json
WORKDIR /plans
USER 65534:65534
ENTRYPOINT ["/orgward"]
CMD ["--help"]
