"""What everything speaks of: values, requests, answers, errors, ids and time. Imports nothing of Eider."""
