package storage_test

import (
	"context"
	"testing"

	"github.com/datolite/datolite/storage"
)

// TestEnterWhileAKeyIsCreated has one enter after another began to create a key, who may be done only when the one has looked.
func TestEnterWhileAKeyIsCreated(t *testing.T) {
	ctx := context.Background()
	var e storage.Entrances
	done := e.Creating(ctx, "d1/log/1")
	_, alone, leave := e.Enter(ctx, "d1/log/")
	_, other, leaveOther := e.Enter(ctx, "d2/log/")
	if alone() || !other() {
		t.Error("it is alone, or one elsewhere is not")
	}
	done()
	leave()
	leaveOther()
	if _, alone, leave := e.Enter(ctx, "d1/log/"); !alone() {
		t.Error("what is over counts as company")
	} else {
		leave()
	}
}
