package master

import (
	"crypto/subtle"
	"net/http"

	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"fairlead/internal/cluster/wire"
)

// authenticate checks HTTP basic credentials, before anything else of a
// request. Without configured credentials everybody passes as nobody.
func (m *Master) authenticate(w http.ResponseWriter, r *http.Request, realm string) (principal string, ok bool) {
	if len(m.cfg.Credentials) == 0 {
		return "", true
	}
	principal, secret, given := r.BasicAuth()
	want, known := m.cfg.Credentials[principal]
	if given && known && subtle.ConstantTimeCompare([]byte(secret), []byte(want)) == 1 {
		return principal, true
	}
	w.Header().Set("WWW-Authenticate", `Basic realm="`+realm+`"`)
	wire.WriteError(w, &wire.StatusError{Code: http.StatusUnauthorized})
	return "", false
}

// principalFault compares the authenticated principal with the one a
// framework claims, and fills it in where the framework claims none.
func principalFault(call *scheduler.Call, principal string) error {
	if call.Type != scheduler.Call_SUBSCRIBE || principal == "" {
		return nil
	}
	info := call.Subscribe.FrameworkInfo
	if info.Principal == nil {
		info.Principal = &principal
	}
	if *info.Principal != principal {
		return wire.InvalidCall("scheduler", "Authenticated principal '"+principal+
			"' does not match principal '"+*info.Principal+"' set in `FrameworkInfo`")
	}
	return nil
}
