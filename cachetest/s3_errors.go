package cachetest

import (
	"encoding/xml"
	"net/http"
)

// s3Error makes an error of S3. The fields are names and values of further elements
// in its answer, in turn.
func s3Error(status int, code, message string, fields ...string) *apiError {
	return &apiError{status: status, code: code, message: message, fields: fields}
}

type xmlError struct {
	XMLName   xml.Name `xml:"Error"`
	Code      string
	Message   string
	Fields    []xmlField
	RequestID string `xml:"RequestId"`
	HostID    string `xml:"HostId"`
}

type xmlField struct {
	XMLName xml.Name
	Value   string `xml:",chardata"`
}

func refuseXML(w http.ResponseWriter, e *apiError) {
	out := xmlError{
		Code:      e.code,
		Message:   e.message,
		RequestID: w.Header().Get("X-Amz-Request-Id"),
		HostID:    w.Header().Get("X-Amz-Id-2"),
	}
	for i := 0; i+1 < len(e.fields); i += 2 {
		out.Fields = append(out.Fields, xmlField{xml.Name{Local: e.fields[i]}, e.fields[i+1]})
	}
	body, err := xml.Marshal(out)
	if err != nil {
		panic(err)
	}
	write(w, e.status, "application/xml", append([]byte(xml.Header), body...))
}
