module github.com/linnet-delivery/linnet/e2e/lab/modules/pause

go 1.26.0
