"""Zoho CRM v8."""
