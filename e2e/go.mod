module github.com/linnet-delivery/linnet/e2e

go 1.26.0

require github.com/google/go-cmp v0.7.0

replace github.com/linnet-delivery/linnet => ../
