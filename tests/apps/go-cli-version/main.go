// wordfreq counts the words on its standard input.
package main

import (
	"bufio"
	"fmt"
	"os"
	"sort"
	"strings"

	"github.com/spf13/cobra"
)

var version = "unknown"

func main() {
	var top int
	root := &cobra.Command{
		Use:     "wordfreq",
		Short:   "Count words on standard input",
		Version: version,
		RunE: func(cmd *cobra.Command, args []string) error {
			counts := map[string]int{}
			scanner := bufio.NewScanner(os.Stdin)
			scanner.Split(bufio.ScanWords)
			for scanner.Scan() {
				counts[strings.ToLower(strings.Trim(scanner.Text(), ".,;:!?"))]++
			}
			words := make([]string, 0, len(counts))
			for word := range counts {
				words = append(words, word)
			}
			sort.Slice(words, func(i, j int) bool {
				if counts[words[i]] != counts[words[j]] {
					return counts[words[i]] > counts[words[j]]
				}
				return words[i] < words[j]
			})
			for i, word := range words {
				if i == top {
					break
				}
				fmt.Printf("%d %s\n", counts[word], word)
			}
			return scanner.Err()
		},
	}
	root.Flags().IntVar(&top, "top", 10, "how many words to print")
	if root.Execute() != nil {
		os.Exit(1)
	}
}
