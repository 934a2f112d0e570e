"""The dashboard's entry: the home page."""

from fer.ui.home import render

render()
