package db

// A FeatureError refuses what this version does not support, by name. It unwraps to ErrNotBuilt.
type FeatureError struct {
	Feature string // such as "composite tuples"
}

func (e *FeatureError) Error() string { return e.Feature + ": " + ErrNotBuilt.Error() }

// Unwrap returns ErrNotBuilt.
func (e *FeatureError) Unwrap() error { return ErrNotBuilt }
