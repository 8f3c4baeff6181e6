# Two images of one source: --target linnet is the controller, --target loadtester the load tester.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY cmd cmd
COPY pkg pkg
ARG VERSION=dev COMMIT=unknown DATE=unknown
RUN CGO_ENABLED=0 go build -trimpath \
    -ldflags "-s -w -X github.com/linnet-delivery/linnet/pkg/version.Version=$VERSION -X github.com/linnet-delivery/linnet/pkg/version.Commit=$COMMIT -X github.com/linnet-delivery/linnet/pkg/version.Date=$DATE" \
    -o /out/ ./cmd/...

FROM scratch AS loadtester
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/loadtester /loadtester
USER 65532:65532
ENTRYPOINT ["/loadtester"]

FROM scratch AS linnet
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/linnet /linnet
USER 65532:65532
ENTRYPOINT ["/linnet"]
