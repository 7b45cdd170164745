package api

// The contract itself, embedded, and the command that makes types of it.

import _ "embed"

//go:generate go tool oapi-codegen --config oapi-codegen.yaml -o types.gen.go openapi.yaml

//go:embed openapi.yaml
var spec []byte

// Spec returns the text of openapi.yaml.
func Spec() []byte { return append([]byte(nil), spec...) }

// MediaProblem is the media type of every refusal (RFC 9457).
const MediaProblem = "application/problem+json"

// MediaJSON is the media type of every other answer but the citizen's page.
const MediaJSON = "application/json"

// ProblemType is the prefix of a problem's type; the code follows it.
const ProblemType = "urn:tserve:problem:"

// MaxRows is the largest number of rows in one request.
const MaxRows = 200

// MaxBody is the largest body of a request in bytes.
const MaxBody = 1 << 20
