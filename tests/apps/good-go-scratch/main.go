// roman prints numbers as the Romans wrote them.
package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

var steps = []struct {
	value  int
	letter string
}{{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"}, {90, "XC"}, {50, "L"}, {40, "XL"}, {10, "X"}, {9, "IX"}, {5, "V"}, {4, "IV"}, {1, "I"}}

func main() {
	for _, word := range os.Args[1:] {
		number, err := strconv.Atoi(word)
		if err != nil || number < 1 {
			fmt.Fprintf(os.Stderr, "roman: %q is no number\n", word)
			os.Exit(2)
		}
		var out strings.Builder
		for _, step := range steps {
			for ; number >= step.value; number -= step.value {
				out.WriteString(step.letter)
			}
		}
		fmt.Println(out.String())
	}
}
