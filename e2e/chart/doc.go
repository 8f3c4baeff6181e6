// Package chart has no code: its tests lint the charts, render them with the value sets of their ci folders, and check
// what comes out, without a cluster. It is a module of its own, so that Helm stays out of the product's.
package chart
