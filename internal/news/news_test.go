package news_test

import (
	"testing"

	"github.com/broked/broked/internal/news"
)

func TestPostWakesEveryWatcherOnce(t *testing.T) {
	t.Parallel()
	var b news.Board
	one, end1 := b.Watch("run")
	two, end2 := b.Watch("run")
	other, end3 := b.Watch("other")
	defer end2()
	defer end3()
	b.Post("run")
	b.Post("run") // not yet looked at: adds nothing
	<-one
	<-two
	select {
	case <-one:
		t.Error("woken twice")
	case <-other:
		t.Error("woken for another key")
	default:
	}
	end1()
	b.Post("run")
	select {
	case <-one:
		t.Error("woken after the watch ended")
	default:
	}
	<-two
}
