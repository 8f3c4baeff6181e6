// Package onlab has no code: its tests install the charts into a lab, with the Helm that this module builds. They need
// the flag -lab and a lab with Linnet from the chart; without the flag the package has no tests to run:
//
//	LINNET_INSTALL=chart e2e/install.sh NAME
//	go test -C e2e/chart -count=1 -v -exec "$PWD/bin/lab exec NAME --" ./onlab -args -lab
package onlab
