FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY cmd cmd
COPY pkg pkg
ARG VERSION=dev COMMIT=unknown DATE=unknown
RUN CGO_ENABLED=0 go build -trimpath \
    -ldflags "-s -w -X github.com/linnet-delivery/linnet/pkg/version.Version=$VERSION -X github.com/linnet-delivery/linnet/pkg/version.Commit=$COMMIT -X github.com/linnet-delivery/linnet/pkg/version.Date=$DATE" \
    -o /linnet ./cmd/linnet

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /linnet /linnet
USER 65532:65532
ENTRYPOINT ["/linnet"]
