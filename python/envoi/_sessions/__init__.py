"""Sessions: settings, cookies and connections that outlive a request."""
