# Workers of the backfill template: Beam's Java harness with the capture agent beside it, from the image of the agent
# (tools/build-image.sh):  docker build --file dataflow-templates/worker.Dockerfile --tag worker .
ARG AGENT=tapline
ARG BASE=apache/beam_java17_sdk:2.73.0

FROM ${AGENT} AS agent

FROM ${BASE}
COPY --from=agent /opt/tapline /opt/tapline
RUN ln -s /opt/tapline/embedded/bin/tapline.mjs /usr/local/bin/tapline
ENV PATH=/opt/tapline/node_modules/.bin:$PATH
