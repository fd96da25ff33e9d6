package storage

import "fmt"

// maxKey is the length in bytes of the longest key: what every engine we know takes, with room for a bucket's prefix.
const maxKey = 512

// CheckKey returns ErrKey with the reason if key is not [a-z0-9/_.-]{1,512}.
func CheckKey(key string) error {
	if key == "" {
		return fmt.Errorf("%w: it is empty", ErrKey)
	}
	if len(key) > maxKey {
		return fmt.Errorf("%w: it has %d bytes, and a key has at most %d", ErrKey, len(key), maxKey)
	}
	for i := range len(key) {
		if !keyByte(key[i]) {
			return fmt.Errorf("%w: byte %d is %q, and a key is made of a-z 0-9 / _ . -", ErrKey, i, key[i:i+1])
		}
	}
	return nil
}

// keyByte reports whether b may occur in a key.
func keyByte(b byte) bool {
	switch {
	case 'a' <= b && b <= 'z', '0' <= b && b <= '9':
		return true
	case b == '/', b == '_', b == '.', b == '-':
		return true
	}
	return false
}

// CheckKeys returns the *Error with which every store refuses operation op on keys before it does anything: ErrKey for the
// first that is not a key, ErrTooLarge if they are more than a batch.
func (l Limits) CheckKeys(op string, keys ...string) error {
	for _, key := range keys {
		if err := CheckKey(key); err != nil {
			return &Error{Op: op, Key: key, Err: err}
		}
	}
	return l.checkBatch(op, len(keys))
}

// CheckItems is CheckKeys for the keys of items, and refuses with ErrTooLarge the first whose value is over the limit.
func (l Limits) CheckItems(op string, items ...Item) error {
	for _, item := range items {
		if err := CheckKey(item.Key); err != nil {
			return &Error{Op: op, Key: item.Key, Err: err}
		}
		if n := len(item.Value); n > l.Value {
			return &Error{Op: op, Key: item.Key, Err: fmt.Errorf("%w: %d bytes of at most %d", ErrTooLarge, n, l.Value)}
		}
	}
	return l.checkBatch(op, len(items))
}

func (l Limits) checkBatch(op string, n int) error {
	if n > l.Batch {
		return &Error{Op: op, Err: fmt.Errorf("%w: %d items of at most %d in one call", ErrTooLarge, n, l.Batch)}
	}
	return nil
}
