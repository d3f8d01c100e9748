"""What `holdpoint demo` shows, and an upstream to show it with. The product never imports it."""
