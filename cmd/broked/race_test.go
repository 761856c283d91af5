//go:build race

package main

// memoryFactor is how much more memory the race detector lets a program take.
const memoryFactor = 6
