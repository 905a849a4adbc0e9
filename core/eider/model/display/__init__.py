"""What people look at: values as HTML in notebooks, and plots. Never imported before something is shown."""
