# Workers of the backfill template: Beam's Java harness with the capture agent beside it. Built from the project's root.
FROM node:24-bookworm-slim AS agent
WORKDIR /opt/tapline
COPY . .
RUN npm ci --omit=dev

FROM apache/beam_java17_sdk:2.73.0
COPY --from=agent /usr/local/bin/node /usr/local/bin/node
COPY --from=agent /opt/tapline /opt/tapline
RUN printf '#!/bin/sh\nexec node --disable-warning=ExperimentalWarning /opt/tapline/embedded/src/main.ts "$@"\n' > /usr/local/bin/tapline \
  && chmod +x /usr/local/bin/tapline
