// Package pages is tests alone: they hold the pages, examples and comments of the repository to each other and to the code.
package pages
