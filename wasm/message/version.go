package message

// How fresh a model is.
const (
	Fresh        = "fresh"        // confirmed with the registry within its time to live
	Revalidating = "revalidating" // that is over, not long ago: it serves, and the registry is asked behind
	Stale        = "stale"        // its time to live is over and the registry did not answer
	Expired      = "expired"      // so is the time for which it may serve without the registry
	Unknown      = "unknown"      // it does not come from a registry
)

// Version says which model answers and how old it is. Times are RFC 3339 in
// UTC, and null where there is none (a model from bytes has no registry).
type Version struct {
	Name        string
	Version     string
	Digest      string  // SHA-256 of the manifest, or of the bytes given to fromONNX, in hex
	Created     string  // when this version was made
	AgeSeconds  float64 // since Created, by this machine's clock, never negative
	Freshness   string  // one of the constants above
	CheckedAt   string  // when the registry last confirmed it
	NextRefresh string  // when the registry will be asked again, at the next use
}

// Encode returns the version as a message tree.
func (v Version) Encode() map[string]any {
	return map[string]any{"name": v.Name, "version": v.Version, "digest": v.Digest, "created": orNull(v.Created),
		"ageSeconds": v.AgeSeconds, "freshness": v.Freshness, "checkedAt": orNull(v.CheckedAt),
		"nextRefresh": orNull(v.NextRefresh)}
}

func decodeVersion(f fields) Version {
	return Version{Name: f.text("name", maxName), Version: f.text("version", maxName), Digest: f.text("digest", maxName),
		Created: f.text("created", maxName), AgeSeconds: f.number("ageSeconds"), Freshness: f.text("freshness", maxName),
		CheckedAt: f.text("checkedAt", maxName), NextRefresh: f.text("nextRefresh", maxName)}
}
