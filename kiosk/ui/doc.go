// Package ui draws pages and turns touches into actions.
package ui
